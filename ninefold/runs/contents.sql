-- name: keep
insert into contents (digest, data) values (?, ?) on conflict do nothing;

-- name: data
select data from contents where digest = ?;

-- name: drop
delete from contents where digest = ?;

-- name: loosen
insert into loose (digest, size) values (?, ?) on conflict do nothing;

-- name: forget
delete from loose where digest = ?;
