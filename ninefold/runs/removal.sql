-- name: runs
select id, root from runs where project = ? and state = 'deleted' and updated < ? order by id limit ?;

-- name: run
select id, project, experiment, name, status, state, started, ended, updated, parent, root, source, actor
from runs where id = ? and state = 'deleted' and updated < ?;

-- name: models
select id, root from logged_models where project = ? and state = 'deleted' and updated < ? order by id limit ?;

-- name: model
select root from logged_models where id = ? and state = 'deleted' and updated < ?;

-- name: experiments
select e.id from experiments e where e.project = ? and e.state = 'deleted' and e.updated < ?
    and not exists (select 1 from runs r where r.project = e.project and r.experiment = e.id)
    and not exists (select 1 from logged_models m where m.project = e.project and m.experiment = e.id)
    and not exists (select 1 from traces t where t.project = e.project and t.experiment = e.id)
order by e.id;

-- name: experiment
select name from experiments where project = ? and id = ? and state = 'deleted';

-- name: used
select root from registered_versions where project = ? and state = 'active' and root >= ? and root < ?;

-- name: files
select path, digest, size from artifacts where project = ? and path >= ? and path < ?;

-- name: drop_file
delete from artifacts where project = ? and path = ?;

-- name: drop_params
delete from params where run = ?;

-- name: drop_tags
delete from tags where run = ?;

-- name: drop_inputs
delete from inputs where run = ?;

-- name: drop_links
delete from model_links where run = ?;

-- name: drop_runs
delete from runs where project = '' and not exists (select 1 from series s where s.run = runs.id);

-- the points of a run are removed in parts, and it last; until then it is in no project, and nobody finds it
-- name: disown
update runs set project = '' where id = ?;

-- name: disown_series
update series set project = '' where run = ?;

-- name: disowned
select s.id from runs r join series s on s.run = r.id where r.project = '' limit 1;

-- name: part
select step, at, value, nan from points where series = ? order by step, at, value, nan limit 1 offset ?;

-- name: drop_part
delete from points where series = ? and (step, at, value, nan) < (?, ?, ?, ?);

-- name: drop_points
delete from points where series = ?;

-- name: drop_series
delete from series where id = ?;

-- name: drop_model_params
delete from logged_params where model = ?;

-- name: drop_model_tags
delete from logged_tags where model = ?;

-- name: drop_model_points
delete from model_points where model = ?;

-- name: drop_model_links
delete from model_links where model = ?;

-- name: drop_model
delete from logged_models where id = ?;

-- name: drop_experiment_tags
delete from experiment_tags where project = ? and experiment = ?;

-- name: drop_datasets
delete from datasets where project = ? and experiment = ?;

-- name: drop_experiment
delete from experiments where project = ? and id = ?;

-- name: loose
select digest, size from loose where digest > ? order by digest limit ?;

-- name: named
select 1 as one from artifacts where digest = ? limit 1;

-- name: mentions
select ref as said from steps
union all select body from versions
union all select bundle from versions
union all select coalesce(bundle, '') from registered_versions
union all select body from uploads;

-- name: facts
select seq, content from facts where seq > ? order by seq limit ?;
