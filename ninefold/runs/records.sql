-- name: find
select id, project, experiment, name, status, state, started, ended, updated, parent, root, source, actor from runs where id = ?;

-- name: add
insert into runs (id, project, experiment, name, status, state, started, ended, updated, parent, root, source, actor)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (id) do nothing;

-- name: add_param
insert into params (run, key, value) values (?, ?, ?);

-- name: add_tag
insert into tags (run, key, value) values (?, ?, ?);

-- name: update
update runs set status = ?, ended = ?, name = ?, updated = ? where id = ?;

-- name: set_state
update runs set state = ?, updated = ? where id = ?;

-- name: params
select key, value from params where run = ? order by key;

-- name: tags
select key, value from tags where run = ? order by key;
