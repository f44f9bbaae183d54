--
-- PostgreSQL database dump
--

-- Dumped from database version 15.18
-- Dumped by pg_dump version 15.18

SET statement_timeout = 0;
SET standard_conforming_strings = off;
SELECT pg_catalog.set_config('search_path', '', false);

-- Completed on 2024-01-01 00:00:00 UTC

--
-- PostgreSQL database dump complete
--

