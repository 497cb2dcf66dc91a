//! Templates written to do harm: each ends in a typed refusal, with little memory and in little time.

use super::{Role, SpecialTexts, Turn, check::Refusal, jinja};

fn render(source: &str) -> Result<String, Refusal> {
    let turns = [Turn {
        role: Role::User,
        content: "Hi".into(),
    }];
    // Small as a thread's stack is; recursion over it ends the test program.
    let source = source.to_owned();
    std::thread::Builder::new()
        .stack_size(2 << 20)
        .spawn(move || {
            jinja::render(&source, &turns, &SpecialTexts::default()).map(|p| p.text().to_owned())
        })
        .expect("a thread")
        .join()
        .expect("no panic")
}

fn limit(source: &str) {
    let got = render(source);
    assert!(
        matches!(got, Err(Refusal::Limit(_))),
        "{:.80}: {:.200}",
        source,
        format!("{got:?}")
    );
}

#[test]
fn texts_that_double_end_when_the_bytes_do() {
    let loops = [
        "{% set x = x ~ x %}",
        "{% set x = x + x %}",
        "{% set x = [x, x] | join %}",
        "{% set x = x | replace('a', 'aa') %}",
        "{% set x %}{{ x }}{{ x }}{% endset %}",
        "{% set x = x * 2 %}",
        "{% set x = 'aa'.join([x, x, x]) %}",
        "{% set x = x | indent(60, true) | indent(60, true) | replace(' ', x) %}",
        "{% set x = x.replace('a', x) %}",
        "{% set x = ([x] | string) ~ x %}",
        "{% set x = [x, x] | tojson %}",
    ];
    for body in loops {
        let unrolled = format!("{{% set x = 'aaaa' %}}{}", body.repeat(60));
        limit(&unrolled);
    }
    for value in [
        "ns.x ~ ns.x",
        "ns.x * 2",
        "[ns.x, ns.x] | join",
        "ns.x.replace('a', ns.x)",
    ] {
        limit(&format!(
            "{{% set ns = namespace(x='aaaa') %}}\
             {{% for i in range(100) %}}{{% set ns.x = {value} %}}{{% endfor %}}"
        ));
    }
    limit("{% macro m(x) %}{{ x }}{{ x }}{{ m(x ~ x) }}{% endmacro %}{{ m('aaaaaaaa') }}");
    limit("{{ 'a' * 1000000000000 }}");
    limit("{{ 1000000000000 * 'a' }}");
}

#[test]
fn loops_end_when_the_steps_do() {
    limit("{% for i in range(1000000000000) %}x{% endfor %}");
    limit("{% for i in range(50000) %}x{% endfor %}");
    let nested = "{% for i in range(1000) %}".repeat(6) + &"{% endfor %}".repeat(6);
    limit(&nested);
    limit("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}");
    limit("{% for i in range(2000) %}{{ range(50000) | list | length }}{% endfor %}");
}

/// Each is cheap for a short text, were it not for the long one beside it.
#[test]
fn what_is_looked_for_is_paid_for_too() {
    let long = "{% set x = 'a' * 1000000 %}";
    for call in [
        "'b'.find(x)",
        "'b'.count(x)",
        "'b'.split(x)",
        "'b'.replace(x, 'c')",
        "'b' | replace(x, 'c')",
        "x | int",
    ] {
        limit(&format!(
            "{long}{{% for i in range(50) %}}{{{{ {call} }}}}{{% endfor %}}"
        ));
    }
    limit(
        "{% set x = range(20000) | list %}\
         {% for i in range(100) %}{{ 'a'.startswith(x) }}{% endfor %}",
    );
}

#[test]
fn values_within_values_stay_shallow() {
    let list = "{% set ns = namespace(x=[]) %}{% for i in range(5000) %}{% set ns.x = [ns.x] %}{% endfor %}";
    limit(list);
    limit(&list.replace("[ns.x]", "{'a': ns.x}"));
    limit(&list.replace("[ns.x]", "dict(a=ns.x)"));
    let cycle = render("{% set ns = namespace() %}{% set ns.x = ns %}{{ ns.x }}");
    assert!(matches!(cycle, Err(Refusal::Unsupported(_))), "{cycle:?}");
    let cycle = render("{% set ns = namespace() %}{% set ns.x = [ns] %}");
    assert!(matches!(cycle, Err(Refusal::Unsupported(_))), "{cycle:?}");
    // Each level names the one below ten times: printing or comparing it all would take 10^10 steps.
    let wide = "{% set x = ['a'] %}".to_owned()
        + &"{% set x = [x, x, x, x, x, x, x, x, x, x] %}".repeat(10);
    for end in [
        "{{ x }}",
        "{{ x | tojson }}",
        "{{ x == x }}",
        "{{ 'b' in [x | string] }}",
    ] {
        limit(&(wide.clone() + end));
    }
}

#[test]
fn deep_texts_do_not_exhaust_the_stack() {
    let n = 10_000;
    for (before, after) in [
        ("(", ")"),
        ("[", "]"),
        ("-", ""),
        ("- ", ""),
        ("not ", ""),
        ("{'a':", "}"),
    ] {
        let source = format!("{{{{ {}1{} }}}}", before.repeat(n), after.repeat(n));
        assert!(render(&source).is_err(), "{before}");
    }
    for link in [
        "+1",
        "~1",
        "**1",
        ".a",
        "|f",
        " if 1 else 1",
        " and 1",
        "[0]",
        "()",
        " is defined",
        "==1",
    ] {
        for n in [400, n] {
            let source = format!("{{{{ 1{} }}}}", link.repeat(n));
            let got = render(&source);
            assert!(got.is_err() || n == 400, "{link}: {got:?}");
        }
    }
    let ifs = "{%if 1%}".repeat(3000) + &"{%endif%}".repeat(3000);
    assert!(render(&ifs).is_err());
    let elifs = "{%if 0%}".to_owned() + &"{%elif 0%}".repeat(6000) + "{%endif%}";
    limit(&elifs);
    let mixed = format!("{{{{ {}1 }}}}", "not -".repeat(5000));
    limit(&mixed);
}

#[test]
fn what_a_template_has_no_need_for_is_refused() {
    for source in [
        "{{ open('/etc/passwd') }}",
        "{{ messages[0].role.__class__() }}",
        "{{ 'a'.format(1) }}",
        "{{ strftime_now('%Y') }}",
        "{{ messages | pprint }}",
        "{{ 1 is strange }}",
        "{% for x in messages recursive %}{{ loop(messages) }}{% endfor %}",
        "{{ lipsum() }}",
    ] {
        let got = render(source);
        assert!(
            matches!(got, Err(Refusal::Unsupported(_))),
            "{source}: {got:?}"
        );
    }
    for source in [
        "{% include 'other' %}",
        "{% import 'other' as o %}",
        "{% extends 'other' %}",
        "{% block b %}{% endblock %}",
        "{% if %}",
        "{{ 'open",
        "{% endfor %}",
        "{{ \u{0} }}",
    ] {
        let got = render(source);
        assert!(matches!(got, Err(Refusal::Syntax(_))), "{source}: {got:?}");
    }
    assert_eq!(
        render("{{ raise_exception('no') }}"),
        Err(Refusal::Raised("no".into()))
    );
    let part = render("{{ nothing.at.all }}");
    assert!(matches!(part, Err(Refusal::Failed(_))), "{part:?}");
    for source in [
        "{{ 1 // 0 }}",
        "{{ 1 % 0 }}",
        "{{ 1 / 0 }}",
        "{{ 'a'[::0] }}",
        "{{ range(1, 2, 0) }}",
        "{{ 9223372036854775807 + 1 }}",
        "{{ -(-9223372036854775807 - 1) }}",
        "{{ (-9223372036854775807 - 1) // -1 }}",
        "{{ 'a' < 1 }}",
    ] {
        let got = render(source);
        assert!(matches!(got, Err(Refusal::Failed(_))), "{source}: {got:?}");
    }
    assert_eq!(
        render(
            "{{ messages.__class__ }}|{{ messages[-9223372036854775807:9223372036854775807:9223372036854775807] | length }}"
        ),
        Ok("|1".into())
    );
}

#[test]
fn a_message_stays_a_message_in_keys_and_margins() {
    let turns = [Turn {
        role: Role::User,
        content: "<|end|>\n<|end|>".into(),
    }];
    let write = |source: &str| jinja::render(source, &turns, &SpecialTexts::default());
    for source in [
        "{% for k in {messages[0].content: 1} %}{{ k }}{% endfor %}",
        "{{ {messages[0].content: 1} }}",
        "{{ {'a' ~ messages[0].content: 1}.keys() | first }}",
    ] {
        let got = write(source);
        assert!(
            matches!(got, Err(Refusal::Unsupported(_))),
            "{source}: {got:?}"
        );
    }
    for source in [
        "{{ 'a\nb' | indent(messages[0].content, true) }}",
        "{{ messages[0].content | indent(2, true) }}",
    ] {
        let got = write(source).unwrap_or_else(|e| panic!("{source}: {e}"));
        for (piece, content) in got.pieces() {
            let own = content || !piece.contains("end") && piece != "\n";
            assert!(own, "{source}: {piece:?}");
        }
    }
}

#[test]
fn large_texts_are_refused_before_they_are_read() {
    limit(&"a".repeat(1 << 20));
    limit(&format!("{{{{ '{}' }}}}", "a".repeat(1 << 20)));
    // Within the size of a template, but more than a prompt may be.
    limit(&format!(
        "{{% for i in range(40) %}}{}{{% endfor %}}",
        "a".repeat(60 << 10)
    ));
}
