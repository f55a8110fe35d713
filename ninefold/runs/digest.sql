-- name: moved
select count(*) as series, coalesce(sum(writes), 0) as writes from series where run = ?;

-- name: series
select id, key from series where run = ?;

-- name: page
select step, at, value, nan from points where series = ? and (step, at, value, nan) > (?, ?, ?, ?) order by step, at, value, nan limit ?;

-- name: params
select key, value from params where run = ?;

-- name: tags
select key, value from tags where run = ?;

-- name: files
select path, digest, size from artifacts where project = ? and path >= ? and path < ?;
