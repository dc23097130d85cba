"""The sample's own words: categories, and what customers write in reviews (Portuguese)."""

from __future__ import annotations

from random import Random

CATEGORIES = (
    # name in Portuguese, in English, share of products, price level in percent, grams in percent
    ("cama_mesa_banho", "bed_bath_table", 92, 85, 110),
    ("esporte_lazer", "sports_leisure", 87, 100, 90),
    ("moveis_decoracao", "furniture_decor", 81, 85, 140),
    ("beleza_saude", "health_beauty", 74, 110, 60),
    ("utilidades_domesticas", "housewares", 71, 80, 120),
    ("automotivo", "auto", 58, 120, 130),
    ("informatica_acessorios", "computers_accessories", 50, 105, 50),
    ("brinquedos", "toys", 43, 105, 90),
    ("relogios_presentes", "watches_gifts", 40, 190, 30),
    ("telefonia", "telephony", 34, 60, 20),
    ("bebes", "baby", 28, 120, 170),
    ("perfumaria", "perfumery", 26, 110, 30),
    ("papelaria", "stationery", 26, 80, 90),
    ("bolsas_e_acessorios", "bags_accessories", 26, 70, 40),
    ("ferramentas_jardim", "garden_tools", 23, 100, 160),
    ("pet_shop", "pet_shop", 22, 95, 160),
    ("eletronicos", "electronics", 16, 55, 30),
    ("construcao_ferramentas", "construction_tools", 12, 140, 170),
    ("eletrodomesticos", "home_appliances", 11, 190, 300),
    ("malas_acessorios", "luggage_accessories", 11, 115, 200),
    ("consoles_games", "consoles_games", 10, 120, 40),
    ("moveis_escritorio", "office_furniture", 9, 150, 700),
    ("instrumentos_musicais", "musical_instruments", 9, 210, 200),
    ("eletroportateis", "small_appliances", 7, 210, 200),
    ("casa_construcao", "home_construction", 7, 130, 180),
    ("livros_interesse_geral", "books_general_interest", 7, 55, 40),
    ("calcados", "shoes", 5, 80, 60),
    ("moveis_sala", "living_room_furniture", 5, 130, 600),
    ("climatizacao", "air_conditioning", 4, 170, 350),
    ("livros_tecnicos", "books_technical", 4, 65, 50),
    ("telefonia_fixa", "fixed_telephony", 4, 170, 40),
    ("casa_conforto", "home_comfort", 3, 110, 120),
    ("alimentos_bebidas", "food_drink", 3, 55, 100),
    ("sinalizacao_e_seguranca", "signaling_and_security", 3, 130, 120),
    ("alimentos", "food", 2, 60, 80),
    ("bebidas", "drinks", 2, 65, 150),
    ("artigos_de_natal", "christmas_supplies", 2, 65, 70),
    ("audio", "audio", 2, 115, 50),
    ("artes", "art", 2, 95, 80),
    ("filmes_e_series", "films_and_series", 2, 90, 30),
    ("computadores", "computers", 1, 900, 400),
    ("musica", "music", 1, 110, 60),
    ("flores", "flowers", 1, 45, 60),
    ("fraldas_higiene", "diapers_and_hygiene", 1, 50, 80),
    ("seguros_e_garantias", "insurance_and_warranties", 1, 150, 20),
    ("jogos_de_computador", "", 1, 150, 60),
    ("preparadores_de_cozinha", "", 1, 140, 180),
)
"""Categories without an English name are those that the translation file lacks."""

_OPENINGS = {
    True: (
        "Chegou antes do prazo", "Adorei a compra", "Tudo certo com o pedido", "Minha mãe amou o presente",
        "Superou a expectativa",
        "Produto de ótima qualidade", "Já é a segunda vez que compro", "Bem embalado e sem avarias",
        "Valeu cada centavo",
        "Veio exatamente como na descrição", "Entrega rápida até no interior", "Cor e tamanho perfeitos",
    ),
    False: (
        "Ainda não chegou", "Veio com a tampa quebrada", "Faltou uma peça na caixa", "A cor não é a da foto",
        "Demorou três semanas",
        "Pedi dois e recebi um só", "Produto frágil demais", "A transportadora não avisou",
        "Não funciona na tomada daqui",
        "A costura abriu no primeiro dia", "Mandaram o modelo errado", "Esperava mais pelo preço",
    ),
}  # fmt: skip
_MIDDLES = {
    True: (
        ", recomendo a loja", ", obrigada pela atenção", ", e o preço foi justo", ', o vendedor é "nota mil"',
        " e funciona muito bem",
        ", já indiquei às amigas", "; o manual está em português", ', vou comprar o "irmão maior" também',
        ", parabéns à equipe", "",
    ),
    False: (
        ", e ninguém responde às mensagens", ", quero meu dinheiro de volta", ', no site consta "entregue"',
        ", vou ter de devolver",
        "; o rastreio parou há dias", ', disseram que era "normal"', " e a embalagem estava aberta",
        ", que decepção", ", aguardo solução", "",
    ),
}  # fmt: skip
_ENDINGS = {
    True: (".", "!", "!!", ".\r\nAté a próxima compra.", "", " :)", ".\r\n\r\nAtt., um cliente fiel"),
    False: (".", "...", "!", ".\r\nPor favor, resolvam.", "", "?", ".\r\n\r\nAguardo retorno, obrigado."),
}
_TITLES = {
    True: (
        "Recomendo",
        "Ótimo",
        "Muito bom!",
        "Amei",
        "10 de 10",
        "Satisfação total",
        "Tudo certo, obrigada",
        'O "melhor"',
    ),
    False: (
        "Não recomendo",
        "Péssimo",
        "Atraso",
        "Produto errado",
        "Decepção",
        "Não chegou",
        "2 semanas de espera",
    ),
}


def title(score: int, chance: Random) -> str:
    """A review's title."""
    return _one(_TITLES[score >= 4], chance)


def message(score: int, chance: Random) -> str:
    """A review's message: commas, quotes, accents, and at times several lines."""
    good = score >= 4 or (score == 3 and chance.random() < 0.5)
    return _one(_OPENINGS[good], chance) + _one(_MIDDLES[good], chance) + _one(_ENDINGS[good], chance)


def _one(texts: tuple[str, ...], chance: Random) -> str:
    return texts[int(chance.random() * len(texts))]
