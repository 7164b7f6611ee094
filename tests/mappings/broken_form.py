"""Mapping files broken in their form, as an admin would break them, each with what is to be said."""

from __future__ import annotations

from tests.mappings.broken import Broken

FORM = (
    Broken(
        "a setting that lacks its last letter",
        "fields:\n  summary: {value: {a: b}}\n  state: {values: {value: '1'}}\n",
        [
            "2: fields.summary.value: no setting 'value'; did you mean 'values'?",
            (
                "3: fields.state.values.value: state has no value 'value'; use one of: new, in_progress, on_hold, resolved, "
                "closed, cancelled"
            ),
        ],
    ),
    Broken(
        "a text with a comma without quotes",
        "fields:\n  x_cost: {field: u_cost, default: 4711,00}\n",
        [
            "2: fields.x_cost.0: no setting '0'; if it is the rest of a text with a comma, put the whole text in quotes",
        ],
    ),
    Broken(
        "a field that is not indented below fields",
        "version: 1\nfields:\nsummary:\n  field: short_description\n",
        [
            "2: fields: nothing stands below fields:; write the fields below it, indented by two blanks, or take the line out",
            "3: summary: the field 'summary' stands beside fields:; indent it below fields: by two blanks",
        ],
    ),
    Broken(
        "a setting that is not indented below its field",
        "fields:\n  state:\n  type: choice\n",
        [
            "2: fields.state: nothing stands below state, and incident cannot do without it; indent its settings below it, or take the line out",
            "3: fields.type: 'type' is a setting of a field and stands among the fields; indent it below its field",
        ],
    ),
    Broken(
        "values that are not indented below values",
        'fields:\n  state:\n    values:\n    new: "1"\n',
        [
            "4: fields.state.new: the value 'new' stands beside the settings of state; indent it below values:",
        ],
    ),
    Broken(
        "a field that is indented too far",
        (
            "fields:\n"
            "  summary: {field: short_description}\n"
            "  state:\n"
            "    field: state\n"
            "    priority: {field: priority}\n"
        ),
        [
            "5: fields.state.priority: the field 'priority' stands among the settings of state; indent it as state is",
        ],
    ),
    Broken(
        "a line that is indented unevenly",
        "fields:\n  summary:\n    field: short_description\n   direction: read\n",
        [
            "4: not YAML: the line is not indented as the lines beside it; indent those that belong together alike",
        ],
    ),
    Broken(
        "a tab",
        "fields:\n\tsummary: {field: short_description}\n",
        [
            "2: not YAML: a tab stands where blanks belong; indent with blanks",
        ],
    ),
    Broken(
        "a tag on a list",
        "fields:\n  x_site: {field: u_site}\nlabels: !!omap [a: b]\n",
        ["3: labels: a tag (!) is not supported; take tag:yaml.org,2002:omap out"],
    ),
    Broken(
        "tags on settings, in quotes or not",
        "fields:\n  x_site: !!set {field, type}\n  x_area:\n    field: !!binary 'aGVsbG8='\n",
        [
            "2: fields.x_site: a tag (!) is not supported; take tag:yaml.org,2002:set out",
            "4: fields.x_area.field: a tag (!) is not supported; take tag:yaml.org,2002:binary out",
        ],
    ),
    Broken(
        "a brace that is not closed",
        "fields:\n  summary: {field: short_description\n  number: {field: number}\n",
        [
            "2: not YAML: a { is not closed; close it with }, and put a comma between settings",
        ],
    ),
    Broken(
        "a quote that is not closed",
        "fields:\n  summary: {field: 'short_description}\n",
        [
            "2: not YAML: a quote is not closed; close it",
        ],
    ),
    Broken(
        "a colon in a text without quotes",
        "fields:\n  x_note:\n    field: u_note\n    template: Note: {{ value }}\n",
        [
            "4: not YAML: a ':' stands where none can be; indent the line as the ones beside it, or put a text that holds a ':' in quotes",
        ],
    ),
    Broken(
        "a template without quotes",
        "fields:\n  title:\n    direction: write\n    template: {{ value }}\n",
        [
            '4: fields.title.template: a name is no plain text; put {{ ... }} in quotes: "{{ ... }}"',
        ],
        "recovery_task",
    ),
    Broken(
        "a field that stands twice",
        (
            "fields:\n"
            "  summary: {field: short_description}\n"
            "  number: {field: number}\n"
            "  summary: {field: description}\n"
        ),
        [
            "4: fields.summary: 'summary' stands twice, first on line 2; keep one of them",
        ],
    ),
    Broken(
        "a setting with a slip of the pen",
        "fields:\n  summary: {feild: short_description}\n",
        [
            "2: fields.summary.feild: no setting 'feild'; did you mean 'field'?",
        ],
    ),
    Broken(
        "a setting of the record with a slip of the pen",
        "tabel: incident\n",
        [
            "1: tabel: no setting 'tabel'; did you mean 'table'?",
        ],
    ),
    Broken(
        "a type with a slip of the pen",
        "fields:\n  opened_at: {type: dattime}\n",
        [
            "2: fields.opened_at.type: 'dattime' is no type; did you mean 'datetime'?",
        ],
    ),
    Broken(
        "a direction with a slip of the pen",
        "fields:\n  summary: {direction: wirte}\n",
        [
            "2: fields.summary.direction: 'wirte' is no direction; did you mean 'write'?",
        ],
    ),
    Broken(
        "neither true nor false",
        "fields:\n  summary: {optional: maybe}\n",
        [
            "2: fields.summary.optional: optional is true or false, not 'maybe'; write optional: true, or take the line out",
        ],
    ),
    Broken(
        "a text where settings belong",
        "fields:\n  summary: short_description\n",
        [
            "2: fields.summary: 'short_description' stands where settings belong; write summary: {field: short_description}",
        ],
    ),
    Broken(
        "a list of fields",
        "fields:\n  - summary\n  - number\n",
        [
            "1: fields: fields holds names with values, not '[summary, number]'; write fields: {summary: {field: short_description}}",
        ],
    ),
    Broken(
        "a list of values",
        "fields:\n  x_site: {field: u_site, direction: read, type: choice, values: [north, south]}\n",
        [
            "2: fields.x_site.values: values holds names with values, not '[north, south]'; write values: {ours: theirs}",
        ],
    ),
    Broken(
        "a number as a template",
        "fields:\n  x_note: {field: u_note, direction: write, template: 5}\n",
        [
            "2: fields.x_note.template: template is a text, not 5; put it in quotes if it is one",
        ],
    ),
    Broken(
        "a number with leading zeros",
        "fields:\n  x_site: {field: u_site, direction: read, type: choice, values: {north: 007}}\n",
        [
            '2: fields.x_site.values.north: 007 is taken for a number that is written otherwise; put it in quotes: "007"',
        ],
    ),
    Broken(
        "a value with nothing after it",
        (
            "fields:\n"
            "  x_site:\n"
            "    field: u_site\n"
            "    type: choice\n"
            "    direction: read\n"
            "    values:\n"
            "      north: n\n"
            "      south:\n"
        ),
        [
            "8: fields.x_site.values.south: nothing stands after south:; write a value, or take the line out",
        ],
    ),
    Broken(
        "a date without quotes",
        "fields:\n  x_from: {field: u_from, direction: read, type: date, default: 2026-03-02}\n",
        [
            '2: fields.x_from.default: 2026-03-02 is taken for a date; put it in quotes: "2026-03-02"',
        ],
    ),
    Broken(
        "a null that takes nothing out",
        "fields:\n  resolvd_at: null\n",
        [
            "2: fields.resolvd_at: null takes 'resolvd_at' out, and there is none; did you mean 'resolved_at'?",
        ],
    ),
    Broken(
        "fields with nothing below",
        "version: 1\nfields:\n",
        [
            "2: fields: nothing stands below fields:; write the fields below it, indented by two blanks, or take the line out",
        ],
    ),
    Broken(
        "another version",
        "version: 2\n",
        [
            "1: version: version 2 of the language is not known; write version: 1",
        ],
    ),
    Broken(
        "a version in words",
        "version: one\n",
        [
            "1: version: version one of the language is not known; write version: 1",
        ],
    ),
    Broken(
        "a list instead of settings",
        "- fields: {}\n",
        [
            "1: a mapping file holds names with values; start with `fields:`",
        ],
    ),
    Broken(
        "a text instead of settings",
        "fields\n",
        [
            "1: a mapping file holds names with values; start with `fields:`",
        ],
    ),
    Broken(
        "an unknown setting of a lookup",
        "fields:\n  assignee: {lookup: {field: email}}\n",
        [
            "2: fields.assignee.lookup.field: no setting 'field'; known here: by, several",
        ],
        "recovery_task",
    ),
    Broken(
        "an unknown answer to several",
        "fields:\n  assignee: {lookup: {several: last}}\n",
        [
            "2: fields.assignee.lookup.several: several: cannot be 'last'; use one of: refuse, first",
        ],
        "recovery_task",
    ),
    Broken(
        "an unknown kind",
        "fields:\n  ci: {kind: cis}\n",
        [
            "2: fields.ci.kind: 'cis' is no kind; did you mean 'ci'?",
        ],
    ),
    Broken(
        "an alias",
        "fields:\n  x_a: &a {field: u_a}\n  x_b: *a\n",
        [
            "3: fields.x_b: an alias (*) is not supported; write the value out",
        ],
    ),
)
