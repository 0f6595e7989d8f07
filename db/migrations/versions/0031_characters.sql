CREATE INDEX customers_by_character ON customers USING gin (string_to_array(lower(name), null))
