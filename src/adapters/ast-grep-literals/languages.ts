/** How one grammar names what we look for: node kinds of tree-sitter. */
export interface Language {
  /** The name under which ast-grep knows it. */
  readonly id: string;
  readonly strings: readonly string[];
  /** Parts of a string that are filled in at run time. */
  readonly gaps: ReadonlySet<string>;
  /** Nodes that join strings into one text, or only wrap them. */
  readonly joins: ReadonlySet<string>;
  /** Nodes that give what is in them a name, and what holds it: a field, nothing for the first child, `~` for a child of one of these kinds. */
  readonly named: Readonly<Record<string, string>>;
  readonly calls: ReadonlySet<string>;
  /** Nodes in which `name` may stand beside a description. */
  readonly bodies: ReadonlySet<string>;
  readonly numbers: readonly string[];
  readonly switches: readonly string[];
  /** What opens a string, where its signs are no nodes; what closes it follows from that. */
  readonly opening?: RegExp;
  /** Bodies of here-documents, which stand apart from where they belong, and what stands there for them. */
  readonly heredocs?: { readonly body: string; readonly beginning: string; readonly end: string };
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

const java: Language = {
  id: "java",
  strings: ["string_literal"],
  gaps: new Set(),
  joins: new Set([
    "binary_expression",
    "parenthesized_expression",
    "ternary_expression",
    "array_initializer",
    "element_value_array_initializer",
  ]),
  named: {
    variable_declarator: "name",
    assignment_expression: "left",
    element_value_pair: "key",
    annotation: "name",
    formal_parameter: "name",
    method_declaration: "name",
    class_declaration: "name",
    record_declaration: "name",
    interface_declaration: "name",
  },
  calls: new Set(["method_invocation", "object_creation_expression"]),
  bodies: new Set(["annotation_argument_list"]),
  numbers: ["decimal_integer_literal", "decimal_floating_point_literal", "unary_expression"],
  switches: ["true", "false"],
  opening: /^"""|^"/,
};

const kotlin: Language = {
  id: "kotlin",
  strings: ["string_literal"],
  gaps: new Set(["$", "${", "interpolated_identifier", "interpolated_expression", "}"]),
  joins: new Set(["additive_expression", "parenthesized_expression", "collection_literal", "interpolated_expression"]),
  named: {
    value_argument: "~simple_identifier",
    parameter: "~simple_identifier",
    class_parameter: "~simple_identifier",
    property_declaration: "~variable_declaration",
    assignment: "~directly_assignable_expression",
    function_declaration: "~simple_identifier",
    class_declaration: "~type_identifier",
  },
  calls: new Set(["call_expression", "constructor_invocation"]),
  bodies: new Set(["value_arguments"]),
  numbers: ["integer_literal", "real_literal"],
  switches: ["boolean_literal"],
  opening: /^"""|^"/,
};

const csharp: Language = {
  id: "csharp",
  strings: ["string_literal", "verbatim_string_literal", "raw_string_literal", "interpolated_string_expression"],
  gaps: new Set(["interpolation"]),
  joins: new Set(["binary_expression", "parenthesized_expression", "conditional_expression", "initializer_expression", "interpolation"]),
  named: {
    variable_declarator: "name",
    assignment_expression: "left",
    property_declaration: "name",
    attribute: "name",
    attribute_argument: "~identifier,name_equals",
    argument: "~identifier,name_colon",
    parameter: "name",
    method_declaration: "name",
    local_function_statement: "name",
    class_declaration: "name",
    record_declaration: "name",
  },
  calls: new Set(["invocation_expression", "object_creation_expression"]),
  bodies: new Set(["attribute_argument_list", "argument_list", "initializer_expression"]),
  numbers: ["integer_literal", "real_literal", "prefix_unary_expression"],
  switches: ["boolean_literal"],
  opening: /^\$*"{3,}|^[$@]*"/,
};

const ruby: Language = {
  id: "ruby",
  strings: ["string", "heredoc_body"],
  gaps: new Set(["interpolation"]),
  joins: new Set(["chained_string", "binary", "parenthesized_statements", "conditional", "array", "interpolation"]),
  named: {
    pair: "key",
    assignment: "left",
    operator_assignment: "left",
    optional_parameter: "name",
    keyword_parameter: "name",
    method: "name",
    class: "name",
    module: "name",
  },
  calls: new Set(["call"]),
  bodies: new Set(["hash", "argument_list"]),
  numbers: ["integer", "float", "unary"],
  switches: ["true", "false"],
  heredocs: { body: "heredoc_body", beginning: "heredoc_beginning", end: "heredoc_end" },
};

const rust: Language = {
  id: "rust",
  strings: ["string_literal", "raw_string_literal"],
  gaps: new Set(),
  joins: new Set(["binary_expression", "parenthesized_expression", "array_expression", "reference_expression", "if_expression"]),
  named: {
    let_declaration: "pattern",
    const_item: "name",
    static_item: "name",
    field_initializer: "field",
    assignment_expression: "left",
    function_item: "name",
    struct_item: "name",
    field_declaration: "name",
  },
  calls: new Set(["call_expression", "macro_invocation"]),
  bodies: new Set(["field_initializer_list"]),
  numbers: ["integer_literal", "float_literal", "negative_literal", "unary_expression"],
  switches: ["boolean_literal"],
  opening: /^[bc]?r#*"|^[bc]?"/,
};

const byEnding: readonly (readonly [RegExp, Language])[] = [
  [/\.pyi?$/i, python],
  [/\.[cm]?ts$/i, { ...script, id: "TypeScript" }],
  [/\.(?:tsx|[cm]?jsx?)$/i, { ...script, id: "Tsx" }],
  [/\.go$/i, go],
  [/\.java$/i, java],
  [/\.kts?$/i, kotlin],
  [/\.cs$/i, csharp],
  [/\.rb$/i, ruby],
  [/\.rs$/i, rust],
];

/** The language of a file, by its name; `undefined` for all others. */
export const languageOf = (path: string): Language | undefined => byEnding.find(([ending]) => ending.test(path))?.[1];
