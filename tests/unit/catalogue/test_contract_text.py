from toolkit.catalogue.contract_text import LONGEST, contract_html


def test_keys_and_comments_have_their_colours() -> None:
    html = contract_html("# said\nname: Train\ninputs:\n- name: x\n")
    assert html.split("\n")[:4] == [
        '<span class="c"># said</span>',
        '<span class="k">name</span>: Train',
        '<span class="k">inputs</span>:',
        '- <span class="k">name</span>: x',
    ]


def test_all_text_is_escaped() -> None:
    hostile = "<script>alert(1)</script>: <img src=x>\nname: <b onclick=x>\n# <i>\n\"'&\n"
    html = str(contract_html(hostile))
    assert html.replace('<span class="k">', "").replace('<span class="c">', "").replace("</span>", "").count("<") == 0


def test_a_long_contract_is_cut() -> None:
    assert len(contract_html("x" * (LONGEST + 5))) == LONGEST
