-- This file has the line ends of Windows.
COMMENT ON TABLE "Order" IS 'what was ordered';
