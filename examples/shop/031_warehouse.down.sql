-- Object by object and without CASCADE: whatever of ours has moved into the schema since shall stop us.

DROP VIEW warehouse.low_stock;
DROP TABLE warehouse.movements;
DROP TABLE warehouse.stock;
DROP TABLE warehouse.bins;
DROP FUNCTION warehouse.apply_movement();
DROP TYPE warehouse.movement_kind;
DROP SCHEMA warehouse;
