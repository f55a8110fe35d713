-- name: run
select id, name, status, state, started, ended, parent, source, actor from runs where id = ?;

-- name: params
select key, value from params where run = ?;

-- name: tags
select key, value from tags where run = ?;

-- name: inputs
select i.name, i.digest, d.kind, d.source, d.schema, d.profile, i.tags
from inputs i join runs r on r.id = i.run
join datasets d on d.project = r.project and d.experiment = r.experiment and d.name = i.name and d.digest = i.digest
where i.run = ? order by i.place;

-- name: links
select model, way, step from model_links where run = ? order by place, way, model;

-- name: series
select id, key from series where run = ?;

-- name: points
select step, at, value, nan from points
where series = ? and (step, at, value, nan) > (?, ?, ?, ?) order by step, at, value, nan limit ?;

-- name: first_points
select step, at, value, nan from points where series = ? order by step, at, value, nan limit ?;

-- name: model
select id, name, kind, run, status, message, state, created, updated from logged_models where id = ?;

-- name: model_params
select key, value from logged_params where model = ?;

-- name: model_tags
select key, value from logged_tags where model = ?;

-- name: model_points
select key, run, step, at, value, nan, dataset, digest from model_points where model = ?;

-- name: files
select path, size, digest from artifacts where project = ? and path >= ? and path < ? order by path;
