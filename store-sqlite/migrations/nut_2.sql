-- The sweep goes through the table in the order of its keys, a few rows at a time. An index
-- would double what each record that is stored or taken writes.
drop index sqrl_nut_expires_at;
