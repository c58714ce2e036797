-- The countries we ship to, with the standard rate of VAT: reference data travels with the schema.

CREATE TABLE countries (
    code        text         PRIMARY KEY CHECK (code ~ '^[A-Z]{2}$'),
    name        text         NOT NULL UNIQUE,
    vat_percent numeric(4,2) NOT NULL CHECK (vat_percent BETWEEN 0 AND 50),
    note        text
);

COPY countries (code, name, vat_percent, note) FROM stdin;
AT	Austria	20.00	\N
BE	Belgium	21.00	\N
CH	Switzerland	7.70	not in the EU; customs form CN22
CZ	Czechia	21.00	\N
DE	Germany	19.00	\N
DK	Denmark	25.00	\N
ES	Spain	21.00	not the Canaries; Ceuta\\Melilla on request
FI	Finland	24.00	\N
FR	France	20.00	\N
GB	United Kingdom	20.00	not in the EU; customs form CN22
IE	Ireland	23.00	\N
IT	Italy	22.00	\N
LU	Luxembourg	17.00	\N
NL	Netherlands	21.00	\N
NO	Norway	25.00	not in the EU; "VOEC" number on the parcel
PL	Poland	23.00	\N
PT	Portugal	23.00	it's 22 on Madeira; 16 on the Azores
SE	Sweden	25.00	\N
\.
