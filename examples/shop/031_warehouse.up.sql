-- The stock-keeping module, as pg_dump --schema-only --no-owner took it from its own server.

--
-- PostgreSQL database dump
--

-- Dumped from database version 15.20 (Debian 15.20-0+deb12u1)
-- Dumped by pg_dump version 15.20 (Debian 15.20-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: warehouse; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA warehouse;


--
-- Name: SCHEMA warehouse; Type: COMMENT; Schema: -; Owner: -
--

COMMENT ON SCHEMA warehouse IS 'The stock-keeping module, as it was bought.';


--
-- Name: movement_kind; Type: TYPE; Schema: warehouse; Owner: -
--

CREATE TYPE warehouse.movement_kind AS ENUM (
    'receipt',
    'pick',
    'count'
);


--
-- Name: apply_movement(); Type: FUNCTION; Schema: warehouse; Owner: -
--

CREATE FUNCTION warehouse.apply_movement() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  update warehouse.stock s
     set on_hand = s.on_hand + new.delta
   where s.sku = new.sku and s.bin_code = new.bin_code;
  return new;
end
$$;


SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: bins; Type: TABLE; Schema: warehouse; Owner: -
--

CREATE TABLE warehouse.bins (
    code text NOT NULL,
    aisle character(1) NOT NULL,
    max_weight_kg integer NOT NULL,
    CONSTRAINT bins_max_weight_kg_check CHECK ((max_weight_kg > 0))
);


--
-- Name: stock; Type: TABLE; Schema: warehouse; Owner: -
--

CREATE TABLE warehouse.stock (
    sku text NOT NULL,
    bin_code text NOT NULL,
    on_hand integer DEFAULT 0 NOT NULL,
    CONSTRAINT stock_on_hand_check CHECK ((on_hand >= 0))
);


--
-- Name: low_stock; Type: VIEW; Schema: warehouse; Owner: -
--

CREATE VIEW warehouse.low_stock AS
 SELECT stock.sku,
    sum(stock.on_hand) AS on_hand
   FROM warehouse.stock
  GROUP BY stock.sku
 HAVING (sum(stock.on_hand) < 10);


--
-- Name: movements; Type: TABLE; Schema: warehouse; Owner: -
--

CREATE TABLE warehouse.movements (
    id integer NOT NULL,
    sku text NOT NULL,
    bin_code text NOT NULL,
    kind warehouse.movement_kind NOT NULL,
    delta integer NOT NULL,
    moved_at timestamp with time zone DEFAULT now() NOT NULL
);


--
-- Name: TABLE movements; Type: COMMENT; Schema: warehouse; Owner: -
--

COMMENT ON TABLE warehouse.movements IS 'Every change of stock; rows are never updated.';


--
-- Name: movements_id_seq; Type: SEQUENCE; Schema: warehouse; Owner: -
--

CREATE SEQUENCE warehouse.movements_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: movements_id_seq; Type: SEQUENCE OWNED BY; Schema: warehouse; Owner: -
--

ALTER SEQUENCE warehouse.movements_id_seq OWNED BY warehouse.movements.id;


--
-- Name: movements id; Type: DEFAULT; Schema: warehouse; Owner: -
--

ALTER TABLE ONLY warehouse.movements ALTER COLUMN id SET DEFAULT nextval('warehouse.movements_id_seq'::regclass);


--
-- Name: bins bins_pkey; Type: CONSTRAINT; Schema: warehouse; Owner: -
--

ALTER TABLE ONLY warehouse.bins
    ADD CONSTRAINT bins_pkey PRIMARY KEY (code);


--
-- Name: movements movements_pkey; Type: CONSTRAINT; Schema: warehouse; Owner: -
--

ALTER TABLE ONLY warehouse.movements
    ADD CONSTRAINT movements_pkey PRIMARY KEY (id);


--
-- Name: stock stock_pkey; Type: CONSTRAINT; Schema: warehouse; Owner: -
--

ALTER TABLE ONLY warehouse.stock
    ADD CONSTRAINT stock_pkey PRIMARY KEY (sku, bin_code);


--
-- Name: movements_moved_at_idx; Type: INDEX; Schema: warehouse; Owner: -
--

CREATE INDEX movements_moved_at_idx ON warehouse.movements USING btree (moved_at);


--
-- Name: movements movements_apply; Type: TRIGGER; Schema: warehouse; Owner: -
--

CREATE TRIGGER movements_apply AFTER INSERT ON warehouse.movements FOR EACH ROW EXECUTE FUNCTION warehouse.apply_movement();


--
-- Name: movements movements_sku_bin_code_fkey; Type: FK CONSTRAINT; Schema: warehouse; Owner: -
--

ALTER TABLE ONLY warehouse.movements
    ADD CONSTRAINT movements_sku_bin_code_fkey FOREIGN KEY (sku, bin_code) REFERENCES warehouse.stock(sku, bin_code);


--
-- Name: stock stock_bin_code_fkey; Type: FK CONSTRAINT; Schema: warehouse; Owner: -
--

ALTER TABLE ONLY warehouse.stock
    ADD CONSTRAINT stock_bin_code_fkey FOREIGN KEY (bin_code) REFERENCES warehouse.bins(code);


--
-- PostgreSQL database dump complete
--
