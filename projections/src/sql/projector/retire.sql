-- Forgets the older versions of $1, $2 (name, version): whoever runs them stops folding.
delete from projection where name = $1 and version < $2
