# Fit a line through the points of a table by least squares.
#   fit.R --table FILE [--x COLUMN] [--y COLUMN] --residuals FILE --slope FILE --intercept FILE --fit FILE

fail <- function(...) {
  message("error: ", ...)
  quit(status = 1)
}

words <- commandArgs(trailingOnly = TRUE)
if (length(words) %% 2 == 1) fail(tail(words, 1), " has no value")
odd <- seq_along(words) %% 2 == 1
given <- as.list(setNames(words[!odd], sub("^--", "", words[odd])))
# An engine passes nothing for what its caller leaves out, so the defaults stand here and in component.yaml.
given <- modifyList(list(x = "x", y = "y"), given)
for (name in c("table", "residuals", "slope", "intercept", "fit")) {
  if (is.null(given[[name]])) fail("--", name, " is needed")
}
if (!file.exists(given$table)) fail("cannot read ", given$table)

points <- read.csv(given$table, check.names = FALSE)
for (column in c(given$x, given$y)) {
  if (!column %in% names(points)) fail("no column ", column, "; the table has ", toString(names(points)))
  if (!is.numeric(points[[column]])) fail("the column ", column, " is not of numbers")
}
x <- points[[given$x]]
y <- points[[given$y]]
if (length(unique(x)) < 2) fail("a line needs points with two different ", given$x)

line <- lm(y ~ x)
# Of points with one y the line explains everything.
explained <- if (length(unique(y)) < 2) 1 else summary(line)$r.squared

write <- function(path, text) {
  dir.create(dirname(path), recursive = TRUE, showWarnings = FALSE)
  cat(text, file = path)
}
# 15 digits: what a number of double precision has for certain.
number <- function(value) format(value, digits = 15, scientific = FALSE, trim = TRUE)

table <- data.frame(x = x, y = y, residual = round(residuals(line), 9))
write(given$residuals, "")
write.csv(table, given$residuals, row.names = FALSE)
write(given$slope, number(coef(line)[["x"]]))
write(given$intercept, number(coef(line)[["(Intercept)"]]))
write(given$fit, number(explained))
