# Summarise the numbers in a column of a table, by group.
#   summarise.R --table FILE --value COLUMN [--group COLUMN] --summary FILE --rows FILE

fail <- function(...) {
  message("error: ", ...)
  quit(status = 1)
}

# Return the options as a list: --name value --name value.
options_of <- function(words) {
  if (length(words) %% 2 == 1) fail(tail(words, 1), " has no value")
  odd <- seq_along(words) %% 2 == 1
  names <- words[odd]
  unknown <- setdiff(names, c("--table", "--value", "--group", "--summary", "--rows"))
  if (length(unknown) > 0) fail("unknown option ", unknown[1])
  as.list(setNames(words[!odd], sub("^--", "", names)))
}

# Return the path of an output; not every engine makes the folders of outputs.
output <- function(path) {
  dir.create(dirname(path), recursive = TRUE, showWarnings = FALSE)
  path
}

given <- options_of(commandArgs(trailingOnly = TRUE))
for (name in c("table", "value", "summary", "rows")) {
  if (is.null(given[[name]])) fail("--", name, " is needed")
}
if (!file.exists(given$table)) fail("cannot read ", given$table)

rows <- read.csv(given$table, check.names = FALSE, stringsAsFactors = FALSE)
# An engine passes no group if its caller gives none, so the default stands here and in component.yaml.
grouped <- !is.null(given$group) && nzchar(given$group)
for (column in c(given$value, if (grouped) given$group)) {
  if (!column %in% names(rows)) fail("no column ", column, "; the table has ", toString(names(rows)))
}
numbers <- rows[[given$value]]
if (nrow(rows) > 0 && !is.numeric(numbers)) fail("the column ", given$value, " is not of numbers")

group <- if (grouped) rows[[given$group]] else rep("all", nrow(rows))
parts <- split(numbers, group)
summary <- data.frame(
  group = names(parts),
  rows = lengths(parts),
  mean = vapply(parts, mean, numeric(1)),
  least = vapply(parts, min, numeric(1)),
  most = vapply(parts, max, numeric(1))
)
write.csv(summary, output(given$summary), row.names = FALSE, quote = FALSE)
# A value is the whole text of its file, so it has no line end.
cat(nrow(rows), file = output(given$rows))
