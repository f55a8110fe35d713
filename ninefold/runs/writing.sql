-- name: run
select id, project, experiment, state from runs where id = ?;

-- name: set_param
insert into params (run, key, value) values (?, ?, ?) on conflict (run, key) do nothing;

-- name: params
select key, value from params where run = ? and key in ($in);

-- name: set_tag
insert into tags (run, key, value) values (?, ?, ?) on conflict (run, key) do update set value = excluded.value;

-- name: drop_tag
delete from tags where run = ? and key = ?;

-- name: tag
select value from tags where run = ? and key = ?;
