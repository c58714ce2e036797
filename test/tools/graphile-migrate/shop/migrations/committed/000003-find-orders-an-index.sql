--! Previous: sha1:619ccadf816c3d1646eb7200857335f17a1ce84e
--! Hash: sha1:f71531a5e8d3151476f6d974deddd0edc92ef940
--! Message: Find orders: an index

--! no-transaction
CREATE INDEX CONCURRENTLY orders_customer_id ON orders (customer_id);
