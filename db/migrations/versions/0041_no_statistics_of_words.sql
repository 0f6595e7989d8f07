-- No condition asks for these: sorting tens of thousands of them was most of what a look at their tables cost.
ALTER TABLE audit ALTER COLUMN before SET STATISTICS 0, ALTER COLUMN after SET STATISTICS 0
;
ALTER TABLE records ALTER COLUMN answers SET STATISTICS 0, ALTER COLUMN calls SET STATISTICS 0, ALTER COLUMN place SET STATISTICS 0,
    ALTER COLUMN presence SET STATISTICS 0, ALTER COLUMN receipt SET STATISTICS 0, ALTER COLUMN digest SET STATISTICS 0
;
ALTER TABLE customer_levels ALTER COLUMN points SET STATISTICS 0
