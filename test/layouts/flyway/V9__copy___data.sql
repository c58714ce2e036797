COPY people (id, email) FROM stdin;
1	one@example.com
2	two@example.com
\.
