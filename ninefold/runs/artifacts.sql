-- name: set
insert into artifacts (project, path, digest, size, at) values (?, ?, ?, ?, ?)
on conflict (project, path) do update set digest = excluded.digest, size = excluded.size, at = excluded.at;

-- name: find
select path, digest, size, at from artifacts where project = ? and path = ?;

-- name: among
select path, digest, size from artifacts where project = ? and path in ($in) order by path limit 1;

-- name: below
select path, digest, size, at from artifacts where project = ? and path >= ? and path < ? order by path limit ?;

-- name: loosen
insert into loose (digest, size) select digest, size from artifacts
where project = ? and (path = ? or (path >= ? and path < ?)) on conflict do nothing;

-- name: drop
delete from artifacts where project = ? and path = ?;

-- name: drop_below
delete from artifacts where project = ? and path >= ? and path < ?;
