[Migration("20240101000000_Initial")]
