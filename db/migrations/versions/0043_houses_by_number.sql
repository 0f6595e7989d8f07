DROP INDEX customers_by_address
;
CREATE INDEX customers_by_address ON customers (hashtext(address))
