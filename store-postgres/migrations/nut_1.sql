-- Sign-ins under way. `record` is tower-sqrl's own encoding; a row past `expires_at`
-- counts as absent.
create {unlogged} table {schema}.{prefix}nut (
    kind       text        not null check (kind in ('pending', 'authorized', 'cps')),
    key        bytea       not null check (octet_length(key) = 16),
    expires_at timestamptz not null,
    record     bytea       not null,
    constraint {prefix}nut_key primary key (kind, key)
);

create index {prefix}nut_expires_at on {schema}.{prefix}nut (expires_at);
