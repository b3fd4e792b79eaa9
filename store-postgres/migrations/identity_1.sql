-- One row per key: an identity's current key, or a key that its owner has left behind.
create table {schema}.{prefix}identity (
    idk        bytea    not null check (octet_length(idk) = 32),
    state      text     not null check (state in ('live', 'superseded')),
    suk        bytea    check (octet_length(suk) = 32),
    vuk        bytea    check (octet_length(vuk) = 32),
    user_id    text,
    sqrlonly   boolean,
    hardlock   boolean,
    disabled   boolean,
    epoch      bigint, -- 64 random bits
    version    bigint, -- 64 random bits
    strangers  smallint check (strangers between 0 and 255),
    constraint {prefix}identity_key primary key (idk),
    check (case state
        when 'live' then num_nulls(suk, vuk, sqrlonly, hardlock, disabled, epoch, version,
            strangers) = 0
        else num_nonnulls(suk, vuk, user_id, sqrlonly, hardlock, disabled, epoch, version,
            strangers) = 0
        end)
);

create index {prefix}identity_user_id on {schema}.{prefix}identity (user_id)
    where user_id is not null;
