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
-- Name: "; Type: TABLE; Schema: x; Owner: y; Type: TABLE; Schema: s; Owner: o
--

CREATE TABLE s."; Type: TABLE; Schema: x; Owner: y" (
    "a""b" integer,
    "--" text,
    "/*" text,
    "\" text,
    "'" text DEFAULT E'\
\restrict abc
\
\restrict abc
\
\restrict abc
\
\restrict abc
\
\restrict abc
\
\restrict abc
\
\restrict abc
\
\restrict abc
\
\restrict abc
\
\restrict abc
\
\restrict abc
\
\restrict abc
\
\restrict abc
\
\restrict abc
\
\restrict abc
\
\restrict abc
\
\restrict abc
\
\restrict abc
\
\restrict abc
\
\restrict abc
\
\restrict abc
\
\restrict abc
\
\restrict abc
\
\restrict abc
\
\restrict abc
\
\restrict abc
\
\restrict abc
\
\restrict abc
\
\restrict abc
\
\restrict abc
\
\restrict abc
\
\restrict abc
\
\restrict abc
\
\restrict abc
\
\restrict abc
\
\restrict abc
\
\restrict abc
\
\restrict abc
\
\restrict abc
\
\restrict abc
\