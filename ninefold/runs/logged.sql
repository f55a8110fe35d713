-- name: find
select id, project, experiment, name, kind, run, status, message, root, state, created, updated from logged_models where project = ? and id = ?;

-- name: add
insert into logged_models (id, project, experiment, name, kind, run, status, root, created, updated)
values (?, ?, ?, ?, ?, ?, 'pending', ?, ?, ?) on conflict (id) do nothing;

-- name: finish
update logged_models set status = ?, message = ?, updated = ? where id = ?;

-- name: set_state
update logged_models set state = ?, updated = ? where id = ?;

-- name: set_param
insert into logged_params (model, key, value) values (?, ?, ?) on conflict (model, key) do nothing;

-- name: param
select value from logged_params where model = ? and key = ?;

-- name: set_tag
insert into logged_tags (model, key, value) values (?, ?, ?) on conflict (model, key) do update set value = excluded.value;

-- name: drop_tag
delete from logged_tags where model = ? and key = ?;

-- name: add_point
insert into model_points (model, key, run, step, at, value, nan, dataset, digest) values (?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing;

-- name: models
select id, project, experiment, name, kind, run, status, message, root, state, created, updated
from logged_models where project = ? and id in ($in);

-- name: params
select model, key, value from logged_params where model in ($in) order by model, key;

-- name: tags
select model, key, value from logged_tags where model in ($in) order by model, key;

-- name: points
select model, key, run, step, at, value, nan, dataset, digest from model_points
where model in ($in) order by model, key, dataset, digest, step, at, value, nan, run;
