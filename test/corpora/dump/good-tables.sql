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

CREATE TABLE s.t (
    a integer DEFAULT 1 NOT NULL,
    b text DEFAULT 'it''s; -- no comment'::text,
    CONSTRAINT c CHECK ((a > 0))
);


ALTER TABLE s.t OWNER TO o;


SET default_tablespace = 'fast';

SET default_table_access_method = heap;

--
-- TOC entry 2 (class 1259 OID 16002)
-- Dependencies: 1
-- Name: u; Type: TABLE; Schema: s; Owner: o
--

CREATE TABLE s.u (
    a integer
);


SET default_tablespace = '';

--
-- TOC entry 3 (class 1259 OID 16003)
-- Dependencies: 1
-- Name: t i; Type: INDEX; Schema: s; Owner: o
--

CREATE UNIQUE INDEX i ON s.t USING btree (a);


-- Completed on 2024-01-01 00:00:00 UTC

--
-- PostgreSQL database dump complete
--

