-- name: taken
select 1 as one from registry_models where project = ? and name = ?;

-- name: model
insert into registered (project, name, description, created, updated) values (?, ?, ?, ?, ?)
on conflict (project, name) do update set description = excluded.description, updated = excluded.updated;

-- name: model_tag
insert into registered_tags (project, name, key, value) values (?, ?, ?, ?) on conflict (project, name, key) do update set value = excluded.value;

-- name: version
insert into registered_versions
    (project, name, version, source, root, run, model, status, message, stage, description, actor, created, updated)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
on conflict (project, name, version) do update set
    status = excluded.status, message = excluded.message, stage = excluded.stage, description = excluded.description, updated = excluded.updated;

-- name: version_tag
insert into version_tags (project, name, version, key, value) values (?, ?, ?, ?, ?)
on conflict (project, name, version, key) do update set value = excluded.value;

-- name: alias
insert into aliases (project, name, alias, version) values (?, ?, ?, ?) on conflict (project, name, alias) do update set version = excluded.version;

-- name: stored
select name, description, created, updated from registered where project = ? and name = ?;

-- name: stored_tags
select key, value from registered_tags where project = ? and name = ?;

-- name: stored_versions
select version, source, run, model, status, message, stage, description, actor, created, updated from registered_versions
where project = ? and name = ? and state = 'active' order by version;

-- name: stored_version_tags
select version, key, value from version_tags where project = ? and name = ?;

-- name: stored_aliases
select alias, version from aliases where project = ? and name = ?;
