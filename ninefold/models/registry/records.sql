-- name: model
select * from registry_models where project = ? and name = ?;

-- name: names
-- prompts lie in the registry too, and are no models
select m.name, m.own from registry_models m
where m.project = ? and not exists (
    select 1 from registered_tags t where t.project = m.project and t.name = m.name and t.key = 'mlflow.prompt.is_prompt' and t.value = 'true'
)
order by m.name;

-- name: numbers
select version from registry_versions where project = ? and name = ? order by version desc limit ?;

-- name: version
select * from registry_versions where project = ? and name = ? and version = ?;

-- name: alias
select version from registry_aliases where project = ? and name = ? and alias = ?;

-- name: newest
select max(version) as version from registry_versions where project = ? and name = ?;

-- name: own_version
select bundle, digest, at from own_versions where project = ? and model = ? and version = ?;

-- name: next
select coalesce(max(version), 0) + 1 as version from registered_versions where project = ? and name = ?;

-- name: add_model
insert into registered (project, name, description, created, updated) values (?, ?, ?, ?, ?) on conflict (project, name) do nothing;

-- name: describe_model
update registered set description = ?, updated = ? where project = ? and name = ?;

-- name: touch_model
update registered set updated = ? where project = ? and name = ?;

-- name: rename_model
update registered set name = ?, updated = ? where project = ? and name = ?;

-- name: rename_versions
update registered_versions set name = ?, bundle = null where project = ? and name = ? and state = 'active';

-- name: rename_tags
update registered_tags set name = ? where project = ? and name = ?;

-- name: rename_version_tags
update version_tags set name = ? where project = ? and name = ?;

-- name: rename_aliases
update aliases set name = ? where project = ? and name = ?;

-- name: drop_model
delete from registered where project = ? and name = ?;

-- name: drop_tags
delete from registered_tags where project = ? and name = ?;

-- name: drop_aliases
delete from aliases where project = ? and name = ?;

-- name: drop_all_version_tags
delete from version_tags where project = ? and name = ?;

-- name: redact_versions
update registered_versions set state = 'deleted', source = '', root = '', run = null, model = null, message = '', description = '', updated = ?
where project = ? and name = ? and state = 'active';

-- name: redact_version
update registered_versions set state = 'deleted', source = '', root = '', run = null, model = null, message = '', description = '', updated = ?
where project = ? and name = ? and version = ?;

-- name: drop_version_tags
delete from version_tags where project = ? and name = ? and version = ?;

-- name: drop_version_aliases
delete from aliases where project = ? and name = ? and version = ?;

-- name: described_version
insert into registered_versions (project, name, version, source, root, created, updated) values (?, ?, ?, '', '', ?, ?)
on conflict (project, name, version) do nothing;

-- name: describe_version
update registered_versions set description = ?, updated = ? where project = ? and name = ? and version = ?;

-- name: stage_version
update registered_versions set stage = ?, updated = ? where project = ? and name = ? and version = ?;

-- name: in_stage
select version from registered_versions where project = ? and name = ? and state = 'active' and stage = ? and version <> ?;

-- name: answering
select endpoint from releases where project = ? and model = ? and version = ? and ended is null order by endpoint limit 1;

-- name: answering_model
select endpoint, version from releases where project = ? and model = ? and ended is null order by endpoint limit 1;

-- name: set_tag
insert into registered_tags (project, name, key, value) values (?, ?, ?, ?)
on conflict (project, name, key) do update set value = excluded.value;

-- name: drop_tag
delete from registered_tags where project = ? and name = ? and key = ?;

-- name: set_version_tag
insert into version_tags (project, name, version, key, value) values (?, ?, ?, ?, ?)
on conflict (project, name, version, key) do update set value = excluded.value;

-- name: drop_version_tag
delete from version_tags where project = ? and name = ? and version = ? and key = ?;

-- name: set_alias
insert into aliases (project, name, alias, version) values (?, ?, ?, ?)
on conflict (project, name, alias) do update set version = excluded.version;

-- name: drop_alias
delete from aliases where project = ? and name = ? and alias = ?;

-- name: bundled
update registered_versions set bundle = ? where project = ? and name = ? and version = ? and state = 'active';
