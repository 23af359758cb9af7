/** How one grammar names what we look for: node kinds of tree-sitter. */
export interface Language {
  /** The name under which ast-grep knows it. */
  readonly id: string;
  readonly strings: readonly string[];
  /** Parts of a string that are filled in at run time. */
  readonly gaps: ReadonlySet<string>;
  /** Nodes that join strings into one text, or only wrap them. */
  readonly joins: ReadonlySet<string>;
  /** Nodes that give what is in them a name, and the field that holds it. */
  readonly named: Readonly<Record<string, string>>;
  readonly calls: ReadonlySet<string>;
  /** Nodes in which `name` may stand beside a description. */
  readonly bodies: ReadonlySet<string>;
  readonly numbers: readonly string[];
  readonly switches: readonly string[];
}

const script: Omit<Language, "id"> = {
  strings: ["string", "template_string"],
  gaps: new Set(["template_substitution"]),
  joins: new Set([
    "binary_expression",
    "parenthesized_expression",
    "array",
    "template_substitution",
    "ternary_expression",
    "as_expression",
  ]),
  named: {
    pair: "key",
    variable_declarator: "name",
    assignment_expression: "left",
    augmented_assignment_expression: "left",
    public_field_definition: "name",
    field_definition: "property",
    function_declaration: "name",
    method_definition: "name",
    class_declaration: "name",
    jsx_attribute: "",
    required_parameter: "pattern",
    assignment_pattern: "left",
  },
  calls: new Set(["call_expression", "new_expression"]),
  bodies: new Set(["object", "class_body"]),
  numbers: ["number", "unary_expression"],
  switches: ["true", "false"],
};

const python: Language = {
  id: "python",
  strings: ["string"],
  gaps: new Set(["interpolation"]),
  joins: new Set([
    "concatenated_string",
    "binary_operator",
    "parenthesized_expression",
    "list",
    "tuple",
    "conditional_expression",
    "interpolation",
  ]),
  named: {
    keyword_argument: "name",
    pair: "key",
    assignment: "left",
    augmented_assignment: "left",
    default_parameter: "name",
    typed_default_parameter: "name",
    typed_parameter: "",
    function_definition: "name",
    class_definition: "name",
  },
  calls: new Set(["call"]),
  bodies: new Set(["dictionary", "argument_list", "block"]),
  numbers: ["integer", "float", "unary_operator"],
  switches: ["true", "false"],
};

const go: Language = {
  id: "go",
  strings: ["interpreted_string_literal", "raw_string_literal"],
  gaps: new Set(),
  joins: new Set(["binary_expression", "parenthesized_expression", "expression_list"]),
  named: {
    keyed_element: "",
    var_spec: "name",
    const_spec: "name",
    short_var_declaration: "left",
    assignment_statement: "left",
    function_declaration: "name",
    method_declaration: "name",
    type_spec: "name",
  },
  calls: new Set(["call_expression"]),
  bodies: new Set(["literal_value"]),
  numbers: ["int_literal", "float_literal", "unary_expression"],
  switches: ["true", "false"],
};

const byEnding: readonly (readonly [RegExp, Language])[] = [
  [/\.pyi?$/i, python],
  [/\.[cm]?ts$/i, { ...script, id: "TypeScript" }],
  [/\.(?:tsx|[cm]?jsx?)$/i, { ...script, id: "Tsx" }],
  [/\.go$/i, go],
];

/** The language of a file, by its name; `undefined` for all others. */
export const languageOf = (path: string): Language | undefined => byEnding.find(([ending]) => ending.test(path))?.[1];
