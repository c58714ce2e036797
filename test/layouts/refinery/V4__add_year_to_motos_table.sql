ALTER TABLE motos
ADD motos integer;
