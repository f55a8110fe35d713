-- name: find
select project, path, body from uploads where id = ?;

-- name: change
update uploads set body = ? where id = ?;

-- name: drop
delete from uploads where id = ?;

-- name: old
select id from uploads where created < ?;
