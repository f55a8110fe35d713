-- name: runs
select id, project, experiment, name, status, state, started, ended, updated, parent, root, source, actor from runs where id in ($in);

-- name: params
select run, key, value from params where run in ($in) order by run, key;

-- name: tags
select run, key, value from tags where run in ($in) order by run, key;

-- name: inputs
select i.run, d.name, d.digest, d.kind, d.source, d.schema, d.profile, i.tags
from inputs i
join runs r on r.id = i.run
join datasets d on d.project = r.project and d.experiment = r.experiment and d.name = i.name and d.digest = i.digest
where i.run in ($in) order by i.run, i.place;

-- name: models
select run, model, way, step from model_links where run in ($in) order by run, place, model;
