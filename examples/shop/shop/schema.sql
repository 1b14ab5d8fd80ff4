-- Money is integer cents of EUR. Times are ISO 8601 in UTC.

CREATE TABLE IF NOT EXISTS products (
    id          INTEGER PRIMARY KEY,
    name        TEXT NOT NULL,
    category    TEXT NOT NULL,
    description TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS products_by_category ON products (category);

-- The supplier's record as received (offer.py): a column per field would have to be invented for each supplier.
CREATE TABLE IF NOT EXISTS offers (
    product_id INTEGER PRIMARY KEY REFERENCES products (id),
    record     TEXT NOT NULL CHECK (json_valid(record))
);

CREATE TABLE IF NOT EXISTS carts (
    id         TEXT PRIMARY KEY,
    user_id    TEXT,
    created_at TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS cart_lines (
    cart_id    TEXT NOT NULL REFERENCES carts (id),
    product_id INTEGER NOT NULL REFERENCES products (id),
    quantity   INTEGER NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (cart_id, product_id)
);

-- UNIQUE: a cart is ordered once, whatever the code above it does.
CREATE TABLE IF NOT EXISTS orders (
    id          TEXT PRIMARY KEY,
    cart_id     TEXT NOT NULL UNIQUE REFERENCES carts (id),
    user_id     TEXT,
    placed_at   TEXT NOT NULL,
    total_cents INTEGER NOT NULL CHECK (total_cents >= 0)
);

-- The price is copied: a later price change must not rewrite what was agreed.
CREATE TABLE IF NOT EXISTS order_lines (
    order_id         TEXT NOT NULL REFERENCES orders (id),
    product_id       INTEGER NOT NULL REFERENCES products (id),
    quantity         INTEGER NOT NULL CHECK (quantity > 0),
    unit_price_cents INTEGER NOT NULL CHECK (unit_price_cents >= 0),
    PRIMARY KEY (order_id, product_id)
);
