-- name: find
select digest, answer from requests where project = ? and key = ?;

-- name: add
insert into requests (project, key, digest, answer, at) values (?, ?, ?, ?, ?);

-- name: prune
delete from requests where at < ? and project <> '';
