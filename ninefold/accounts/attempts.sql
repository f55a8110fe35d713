-- name: add
insert into attempts (who, client, at) values (?, ?, ?);

-- name: forget
delete from attempts where who = ? and client = ?;

-- name: outlived
delete from attempts where at <= ?;

-- name: both
select count(*) as n, min(at) as first from attempts where who = ? and client = ? and at > ?;

-- name: client
select count(*) as n, min(at) as first from attempts where client = ? and at > ?;

-- name: whole
select count(*) as n from attempts where at > ?;
