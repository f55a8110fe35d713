-- name: step
select key, at, seconds from steps where project = ? and name = ? order by at desc, key limit 1;
