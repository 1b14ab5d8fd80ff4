-- The supplier's record as received (offer.py): a column per field would have to be invented for each supplier.
-- `sold` counts the pieces that the shop has sold since: what is left is the record's stock less that.
CREATE TABLE IF NOT EXISTS offers (
    product_id INTEGER PRIMARY KEY REFERENCES products (id),
    record     TEXT NOT NULL CHECK (json_valid(record)),
    price      INTEGER GENERATED ALWAYS AS (json_extract(record, '$.price')) VIRTUAL,
    sold       INTEGER NOT NULL DEFAULT 0 CHECK (sold >= 0)
);
