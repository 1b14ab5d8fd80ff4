-- Money is integer cents of EUR. Times are ISO 8601 in UTC.

CREATE TABLE IF NOT EXISTS products (
    id          INTEGER PRIMARY KEY,
    name        TEXT NOT NULL,
    category    TEXT NOT NULL,
    description TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS products_by_category ON products (category);

CREATE TABLE IF NOT EXISTS accounts (
    id            TEXT PRIMARY KEY,
    email         TEXT NOT NULL UNIQUE,
    name          TEXT NOT NULL,
    password_hash TEXT NOT NULL
);

-- One row a login, which a logout deletes: a copied cookie is worth nothing afterwards.
CREATE TABLE IF NOT EXISTS logins (
    token      TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    begun_at   TEXT NOT NULL
);

-- `user_id` is the pseudonym of X-User-Id, for the log; `account_id` is who may see the cart, null for whoever knows it.
CREATE TABLE IF NOT EXISTS carts (
    id         TEXT PRIMARY KEY,
    user_id    TEXT,
    account_id TEXT REFERENCES accounts (id),
    created_at TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS cart_lines (
    cart_id    TEXT NOT NULL REFERENCES carts (id),
    product_id INTEGER NOT NULL REFERENCES products (id),
    quantity   INTEGER NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (cart_id, product_id)
);

-- UNIQUE: a cart is ordered once, whatever the code above it does.
-- `payment_id`, `card_last4` and `address` (one line) are null for what is ordered on account, through the API.
CREATE TABLE IF NOT EXISTS orders (
    id          TEXT PRIMARY KEY,
    cart_id     TEXT NOT NULL UNIQUE REFERENCES carts (id),
    user_id     TEXT,
    account_id  TEXT REFERENCES accounts (id),
    placed_at   TEXT NOT NULL,
    total_cents INTEGER NOT NULL CHECK (total_cents >= 0),
    payment_id  TEXT,
    card_last4  TEXT,
    address     TEXT
);
CREATE INDEX IF NOT EXISTS orders_by_account ON orders (account_id);

-- Prices are copied: a later price change must not rewrite what was agreed.
CREATE TABLE IF NOT EXISTS order_lines (
    order_id         TEXT NOT NULL REFERENCES orders (id),
    product_id       INTEGER NOT NULL REFERENCES products (id),
    quantity         INTEGER NOT NULL CHECK (quantity > 0),
    unit_price_cents INTEGER NOT NULL CHECK (unit_price_cents >= 0),
    cost_cents       INTEGER NOT NULL CHECK (cost_cents >= 0),
    PRIMARY KEY (order_id, product_id)
);
