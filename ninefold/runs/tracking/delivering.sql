-- name: last
insert into spools (project, id, applied, at) values (?, ?, 0, ?) on conflict (project, id) do update set at = excluded.at returning applied;

-- name: set_last
update spools set applied = ? where project = ? and id = ?;

-- name: forget
delete from spools where project = ? and at < ?;

-- name: run
select id, project, experiment, name, status, state, started, ended, updated, parent, root, source, actor from runs where id = ?;

-- name: set_status
update runs set status = ?, ended = ?, updated = ? where id = ?;

-- name: steps
select max(step) as step from series where run = ? and key not like 'system/%';
