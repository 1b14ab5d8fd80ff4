-- The supplier's record as received (offer.py): a column per field would have to be invented for each supplier.
-- `sold` counts the pieces that the shop has sold since: what is left is the record's stock less that.
CREATE TABLE IF NOT EXISTS offers (
    product_id INTEGER PRIMARY KEY REFERENCES products (id),
    record     JSONB NOT NULL,
    price      INTEGER GENERATED ALWAYS AS ((record ->> 'price')::integer) STORED,
    sold       INTEGER NOT NULL DEFAULT 0 CHECK (sold >= 0)
);

-- What SQLite calls it.
CREATE OR REPLACE FUNCTION instr(whole TEXT, part TEXT) RETURNS INTEGER
    LANGUAGE sql IMMUTABLE AS 'SELECT strpos(whole, part)';
