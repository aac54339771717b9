"""The table of what defines a name, one query a language, in tree-sitter's notation.

`@name` is the name that is defined. The capture beside it says what the whole node is:

- `@owner`: a type; what stands directly in it is its member
- `@impl`: as an owner, but it adds to a type that is defined elsewhere
- `@def`: a function; what stands in it is no member, and its variables are its own
- `@wall`: a function without a name
- `@field`: always a definition, a member where it stands in an owner
- `@local`: a definition but in a function
- `@bag`: such a one that is an owner too
- `@own`: set on `this`: a member of the owner around the function
- `@receiver`: the type that a Go method belongs to
- `@case`: a test that is named by the text `@title`
"""

_JAVASCRIPT = """
(function_declaration name: (_) @name) @def
(generator_function_declaration name: (_) @name) @def
(function_expression name: (_) @name) @def
(function_expression !name) @wall
(generator_function) @wall
(arrow_function) @wall
(class_static_block) @wall
(class_declaration name: (_) @name) @owner
(class name: (_) @name) @owner
(method_definition name: (_) @name) @def
(pair key: [(property_identifier) (string)] @name value: (object)) @owner
(pair
  key: [(property_identifier) (string)] @name
  value: [(arrow_function) (function_expression)]) @def
(pair key: [(property_identifier) (string)] @name) @field
(object (shorthand_property_identifier) @name @field)
(variable_declarator name: (identifier) @name value: [(arrow_function) (function_expression)]) @def
(variable_declarator name: (identifier) @name value: [(class) (object)]) @bag
(variable_declarator name: (identifier) @name) @local
(variable_declarator name: (object_pattern [
  (shorthand_property_identifier_pattern) @name
  (pair_pattern value: (identifier) @name)
  (object_assignment_pattern left: (_) @name)
  (rest_pattern (identifier) @name)]) @local)
(variable_declarator name: (array_pattern (identifier) @name) @local)
(assignment_expression left: (identifier) @name) @local
(assignment_expression left: (member_expression object: (this) property: (_) @name)) @own
(assignment_expression
  left: (member_expression object: [(identifier) (member_expression)] property: (_) @name)) @local
(export_specifier !alias name: (_) @name) @field
(export_specifier alias: (_) @name) @field
(namespace_export (_) @name) @field
(call_expression
  function: [
    (identifier) @call
    (member_expression object: (identifier) @call)
    (call_expression function: (member_expression object: (identifier) @call))]
  arguments: (arguments . [(string) (template_string)] @title)) @case
"""

_TYPESCRIPT = """
(abstract_class_declaration name: (_) @name) @owner
(interface_declaration name: (_) @name) @owner
(type_alias_declaration name: (_) @name) @owner
(enum_declaration name: (_) @name) @owner
(enum_body name: (_) @name @field)
(enum_assignment name: (_) @name) @field
(internal_module name: (_) @name) @owner
(module name: (identifier) @name) @owner
(function_signature name: (_) @name) @def
(method_signature name: (_) @name) @def
(abstract_method_signature name: (_) @name) @def
(property_signature name: (_) @name) @field
(public_field_definition name: (_) @name value: [(arrow_function) (function_expression)]) @def
(public_field_definition name: (_) @name) @field
(required_parameter (accessibility_modifier) pattern: (identifier) @name) @own
"""

_GO = """
(function_declaration name: (_) @name) @def
(method_declaration
  receiver: (parameter_list (parameter_declaration type: [
    (type_identifier) @receiver
    (pointer_type (type_identifier) @receiver)
    (generic_type type: (type_identifier) @receiver)
    (pointer_type (generic_type type: (type_identifier) @receiver))]))
  name: (_) @name) @def
(func_literal) @wall
(type_spec name: (_) @name) @owner
(type_alias name: (_) @name) @owner
(const_spec . (identifier) @name) @local
(const_spec "," . (identifier) @name) @local
(var_spec . (identifier) @name) @local
(var_spec "," . (identifier) @name) @local
(field_declaration name: (_) @name) @field
(method_elem name: (_) @name) @def
"""

_RUST = """
(function_item name: (_) @name) @def
(function_signature_item name: (_) @name) @def
(closure_expression) @wall
(struct_item name: (_) @name) @owner
(enum_item name: (_) @name) @owner
(union_item name: (_) @name) @owner
(trait_item name: (_) @name) @owner
(mod_item name: (_) @name) @owner
(impl_item type: (type_identifier) @name) @impl
(impl_item type: (generic_type type: (type_identifier) @name)) @impl
(enum_variant name: (_) @name) @owner
(field_declaration name: (_) @name) @field
(const_item name: (_) @name) @local
(static_item name: (_) @name) @local
(type_item name: (_) @name) @field
(associated_type name: (_) @name) @field
(macro_definition name: (_) @name) @def
"""

_JAVA = """
(class_declaration name: (_) @name) @owner
(interface_declaration name: (_) @name) @owner
(enum_declaration name: (_) @name) @owner
(record_declaration name: (_) @name) @owner
(record_declaration parameters: (formal_parameters (formal_parameter name: (_) @name) @field))
(annotation_type_declaration name: (_) @name) @owner
(annotation_type_element_declaration name: (_) @name) @field
(enum_constant name: (_) @name) @field
(method_declaration name: (_) @name) @def
(constructor_declaration name: (_) @name) @def
(compact_constructor_declaration name: (_) @name) @def
(field_declaration declarator: (variable_declarator name: (_) @name)) @field
(constant_declaration declarator: (variable_declarator name: (_) @name)) @field
(lambda_expression) @wall
"""

#: Of each grammar: the package, the function in it that gives the language, the query.
GRAMMARS = {
    "javascript": (
        "tree_sitter_javascript",
        "language",
        _JAVASCRIPT + "(field_definition property: (_) @name) @field",
    ),
    "typescript": ("tree_sitter_typescript", "language_typescript", _JAVASCRIPT + _TYPESCRIPT),
    "tsx": ("tree_sitter_typescript", "language_tsx", _JAVASCRIPT + _TYPESCRIPT),
    "go": ("tree_sitter_go", "language", _GO),
    "rust": ("tree_sitter_rust", "language", _RUST),
    "java": ("tree_sitter_java", "language", _JAVA),
}
