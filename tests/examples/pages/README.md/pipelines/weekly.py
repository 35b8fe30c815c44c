from kfp import components, dsl

count_op = components.load_component_from_file("count.yaml")


@dsl.pipeline(name="weekly")
def weekly(text: str):
    task = count_op(text=text, least=4)
