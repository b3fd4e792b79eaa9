-- Sign-ins under way. `record` is tower-sqrl's own encoding; a row past `expires_at`
-- counts as absent.
create table sqrl_nut (
    kind       text    not null check (kind in ('pending', 'authorized', 'cps')),
    key        blob    not null check (length(key) = 16),
    expires_at integer not null, -- milliseconds since 1970
    record     blob    not null,
    primary key (kind, key)
) strict, without rowid;

create index sqrl_nut_expires_at on sqrl_nut (expires_at);
