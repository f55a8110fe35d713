-- name: find
select * from runs where id = ?;

-- name: end
update runs set status = ?, ended = ? where id = ? and ended is null;

-- name: set_param
insert into params (run, key, value) values (?, ?, ?) on conflict (run, key) do nothing;

-- name: param
select value from params where run = ? and key = ?;

-- name: set_tag
insert into tags (run, key, value) values (?, ?, ?) on conflict (run, key) do update set value = excluded.value;

-- name: drop_tag
delete from tags where run = ? and key = ?;

-- name: add_point
insert into metrics (run, key, step, at, value, nan) values (?, ?, ?, ?, ?, ?) on conflict do nothing;

-- name: set_latest
insert into latest (run, key, step, at, value, nan) values (?, ?, ?, ?, ?, ?)
on conflict (run, key) do update set step = excluded.step, at = excluded.at, value = excluded.value, nan = excluded.nan
where (excluded.step, excluded.at, excluded.value) > (latest.step, latest.at, latest.value);

-- name: points
select step, at, value, nan from metrics where run = ? and key = ? order by step, at, value;

-- name: all_points
select key, step, at, value, nan from metrics where run = ? order by key, step, at, value, nan;

-- name: params
select key, value from params where run = ? order by key;

-- name: tags
select key, value from tags where run = ? order by key;

-- name: latest
select key, value, nan from latest where run = ? order by key;

-- name: set_artifact
insert into artifacts (run, path, digest, size, at) values (?, ?, ?, ?, ?)
on conflict (run, path) do update set digest = excluded.digest, size = excluded.size, at = excluded.at;

-- name: artifacts
select path, digest, size, at from artifacts where run = ? order by path;

-- name: artifact
select path, digest, size, at from artifacts where run = ? and path = ?;
