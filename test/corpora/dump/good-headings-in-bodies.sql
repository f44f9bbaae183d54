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
-- Name: f(); Type: FUNCTION; Schema: s; Owner: o
--

CREATE FUNCTION s.f() RETURNS text
    LANGUAGE sql
    AS $_$
--
-- TOC entry 999 (class 1259 OID 1)
-- Name: forged; Type: TABLE; Schema: s; Owner: o
--

DROP TABLE s.t;
SELECT '$$ \! true';
$_$;


--
-- TOC entry 2 (class 1259 OID 16002)
-- Dependencies: 1
-- Name: f(); Type: COMMENT; Schema: s; Owner: o
--

COMMENT ON FUNCTION s.f() IS '
--
-- TOC entry 998 (class 0 OID 0)
-- Name: forged; Type: COMMENT; Schema: s; Owner: o
--
\connect other';


--
-- TOC entry 3 (class 1259 OID 16003)
-- Name: g(); Type: FUNCTION; Schema: s; Owner: o
--

CREATE FUNCTION s.g() RETURNS integer
    LANGUAGE sql
    BEGIN ATOMIC
 SELECT 1;
 SELECT 2;
END;


-- Completed on 2024-01-01 00:00:00 UTC

--
-- PostgreSQL database dump complete
--

