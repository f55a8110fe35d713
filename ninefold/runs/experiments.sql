-- name: find
select project, id, name, root, state, created, updated from experiments where project = ? and id = ?;

-- name: named
select project, id, name, root, state, created, updated from experiments where project = ? and name = ?;

-- name: next
select coalesce(max(id), 0) + 1 as id from experiments where project = ?;

-- name: add
insert into experiments (project, id, name, root, created, updated) values (?, ?, ?, ?, ?, ?) on conflict do nothing;

-- name: rename
update experiments set name = ?, updated = ? where project = ? and id = ?;

-- name: set_state
update experiments set state = ?, updated = ? where project = ? and id = ?;

-- name: remove_runs
update runs set state = 'deleted', updated = ? where project = ? and experiment = ? and state = 'active';

-- name: restore_runs
update runs set state = 'active', updated = ? where project = ? and experiment = ? and state = 'deleted' and updated = ?;

-- name: set_tag
insert into experiment_tags (project, experiment, key, value) values (?, ?, ?, ?)
on conflict (project, experiment, key) do update set value = excluded.value;

-- name: drop_tag
delete from experiment_tags where project = ? and experiment = ? and key = ?;

-- name: touch
update experiments set updated = ? where project = ? and id = ?;

-- name: tags
select key, value from experiment_tags where project = ? and experiment = ? order by key;
