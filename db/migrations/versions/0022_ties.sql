CREATE INDEX customers_by_address ON customers USING hash (address)
;
CREATE INDEX guarantors_by_number ON guarantors (guarantor_no)
