-- name: experiment
select id, state from experiments where project = ? and name = ?;

-- name: next_experiment
select coalesce(max(id), 0) + 1 as id from experiments where project = ?;

-- name: add_experiment
insert into experiments (project, id, name, root, state, created, updated) values (?, ?, ?, ?, ?, ?, ?);

-- name: used
select 1 as one from runs where project = ? and experiment = ? limit 1;

-- name: set_experiment
update experiments set state = ?, updated = ? where project = ? and id = ?;

-- name: experiment_tag
insert into experiment_tags (project, experiment, key, value) values (?, ?, ?, ?)
on conflict (project, experiment, key) do update set value = excluded.value;

-- name: run_owner
select project from runs where id = ?;

-- name: run
insert into runs (id, project, experiment, name, status, state, started, ended, updated, parent, root, source, actor)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
on conflict (id) do update set
    name = excluded.name, status = excluded.status, state = excluded.state, ended = excluded.ended, updated = excluded.updated;

-- name: param
insert into params (run, key, value) values (?, ?, ?) on conflict (run, key) do update set value = excluded.value;

-- name: tag
insert into tags (run, key, value) values (?, ?, ?) on conflict (run, key) do update set value = excluded.value;

-- name: dataset
insert into datasets (project, experiment, name, digest, kind, source, schema, profile) values (?, ?, ?, ?, ?, ?, ?, ?)
on conflict (project, experiment, name, digest) do nothing;

-- name: input
insert into inputs (run, name, digest, place, tags) values (?, ?, ?, ?, ?)
on conflict (run, name, digest) do update set place = excluded.place, tags = excluded.tags;

-- name: link
insert into model_links (run, model, way, step, place) values (?, ?, ?, ?, ?)
on conflict (run, model, way) do update set step = excluded.step, place = excluded.place;

-- name: trace_owner
select project from traces where id = ?;

-- name: model_owner
select project from logged_models where id = ?;

-- name: model
insert into logged_models (id, project, experiment, name, kind, run, status, message, root, state, created, updated)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
on conflict (id) do update set
    name = excluded.name, kind = excluded.kind, status = excluded.status, message = excluded.message, state = excluded.state,
    updated = excluded.updated;

-- name: model_param
insert into logged_params (model, key, value) values (?, ?, ?) on conflict (model, key) do update set value = excluded.value;

-- name: model_tag
insert into logged_tags (model, key, value) values (?, ?, ?) on conflict (model, key) do update set value = excluded.value;

-- name: model_point
insert into model_points (model, key, run, step, at, value, nan, dataset, digest) values (?, ?, ?, ?, ?, ?, ?, ?, ?)
on conflict do nothing;
