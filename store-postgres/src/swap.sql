-- One compare-and-swap over the given keys. A row comes back if all was as expected and is
-- written, and else none.
--
-- Locking yields a row as it then is, whoever changed it since this statement began. A row
-- that somebody has made since shows as the primary key's violation.
--
-- There is no deadlock: everybody first locks the rows that are there and then makes new
-- ones, each in the order of the keys, and deletes when nothing is left to wait for.
with wanted as (
    select *
    from unnest(
        $1::bytea[], $2::text[], $3::bigint[], $4::boolean[],
        $5::text[], $6::bytea[], $7::bytea[], $8::text[], $9::boolean[], $10::boolean[],
        $11::boolean[], $12::bigint[], $13::bigint[], $14::smallint[]
    ) as wanted (
        idk, expected_state, expected_version, write,
        state, suk, vuk, user_id, sqrlonly, hardlock,
        disabled, epoch, version, strangers
    )
), locked as materialized (
    select idk, state, version
    from {schema}.{prefix}identity
    where idk = any ($1)
    order by idk
    for update
), agreed as materialized (
    select true
    from wanted left join locked using (idk)
    having bool_and(
        (expected_state, expected_version) is not distinct from (locked.state, locked.version)
    )
), created as (
    insert into {schema}.{prefix}identity
        (idk, state, suk, vuk, user_id, sqrlonly, hardlock, disabled, epoch, version, strangers)
    select idk, state, suk, vuk, user_id, sqrlonly, hardlock, disabled, epoch, version, strangers
    from wanted, agreed
    where write and state is not null and expected_state is null
    order by idk
    returning true
), changed as (
    update {schema}.{prefix}identity as stored
    set (state, suk, vuk, user_id, sqrlonly, hardlock, disabled, epoch, version, strangers)
        = (wanted.state, wanted.suk, wanted.vuk, wanted.user_id, wanted.sqrlonly,
           wanted.hardlock, wanted.disabled, wanted.epoch, wanted.version, wanted.strangers)
    from wanted, agreed
    where stored.idk = wanted.idk and write and wanted.state is not null
        and expected_state is not null
), removed as (
    delete from {schema}.{prefix}identity as stored
    using wanted, agreed, (select count(*) from created) as after_created
    where stored.idk = wanted.idk and write and wanted.state is null
)
select from agreed
