--
-- PostgreSQL database dump
--

-- Dumped from database version 15.18
-- Dumped by pg_dump version 15.18

SET statement_timeout = 0;
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);

--
-- TOC entry 1 (class 1259 OID 16001)
-- Name: t; Type: TABLE; Schema: s; Owner: o
--

COPY s.t (a) FROM stdin;
1
\.


-- Completed on 2024-01-01 00:00:00 UTC

--
-- PostgreSQL database dump complete
--

