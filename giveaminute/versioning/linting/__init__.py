"""What about a migration would hurt a site that is in use: found while it runs in a scratch database.

`rules` is the catalogue. `observing` stands beside the run and writes down each statement, what the server said of
it, and the tables before and after it (`facts`). All else is pure: `statements` reads SQL, `types` and `sizes` columns,
`lineage` follows the tables through renames and rebuilds; `changes` judges statements, `outcomes` and `keys` what is
left at the end (`faults`), and `judging` brings it together with what the script silences (`silencing`).
`giveaminute.versioning.lint` is the command's way in.
"""
