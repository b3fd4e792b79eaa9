-- One row per key: an identity's current key, or a key that its owner has left behind.
create table sqrl_identity (
    idk        blob    not null primary key check (length(idk) = 32),
    state      text    not null check (state in ('live', 'superseded')),
    suk        blob    check (length(suk) = 32),
    vuk        blob    check (length(vuk) = 32),
    user_id    text,
    sqrlonly   integer check (sqrlonly in (0, 1)),
    hardlock   integer check (hardlock in (0, 1)),
    disabled   integer check (disabled in (0, 1)),
    epoch      integer, -- 64 random bits
    version    integer, -- 64 random bits
    strangers  integer check (strangers between 0 and 255),
    check (case state
        when 'live' then suk is not null and vuk is not null and sqrlonly is not null
            and hardlock is not null and disabled is not null and epoch is not null
            and version is not null and strangers is not null
        else coalesce(suk, vuk, user_id, sqrlonly, hardlock, disabled, epoch, version,
            strangers) is null
        end)
) strict, without rowid;

create index sqrl_identity_user_id on sqrl_identity (user_id) where user_id is not null;
